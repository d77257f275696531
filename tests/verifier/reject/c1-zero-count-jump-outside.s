# C1. jrcxz obeys the same rules.
function f
bad:    jrcxz 1f
        ret
end f
function g
        nop
1:      ret
end g
