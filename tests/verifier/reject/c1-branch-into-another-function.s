# C1. The same for a conditional jump.
function f
bad:    je 1f
        ret
end f
function g
        nop
1:      ret
end g
