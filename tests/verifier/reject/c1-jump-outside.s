# C1. Between functions there is nothing.
function f
bad:    jmp f+64
        ret
end f
