# C1. A gate has one entry.
function f
bad:    jmp GATE+1
end f
