# M1. lea with a 32-bit address.
function f
bad:    leal (%eax), %ecx
        ret
end f
