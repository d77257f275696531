# C1. A call names an entry.
function f
bad:    call 1f
        ret
end f
function g
        nop
1:      ret
end g
