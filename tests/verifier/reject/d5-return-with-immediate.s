# D5. ret imm16 drops the caller's bytes.
function f
bad:    retq $8
end f
