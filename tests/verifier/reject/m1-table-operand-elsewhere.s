# M1. The function table is read by the shapes only, not by mov.
function f
bad:    movl FT+8(%r10), %ecx
        ret
end f
