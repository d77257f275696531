# C1. Padding does not make it reached.
function f
        ret
        nop
bad:    ret
end f
