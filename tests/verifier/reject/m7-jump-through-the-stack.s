# M7. A spilled code address.
function f 8
bad:    jmpq *8(%rsp)
end f
