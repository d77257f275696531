# S4. The same for a gate.
function f 8
bad:    jmp GATE16
end f
