# C1. Padding behind the last jump belongs between functions.
function f
        ret
bad:    nop
end f
