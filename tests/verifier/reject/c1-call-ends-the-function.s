# C1. The callee would return to whatever comes next.
function f
bad:    call g
end f
        .p2align 4, 0xcc
function g
        ret
end g
