# M1. A displacement alone is sign-extended.
.set REACHES_BLOCKS, 1
function f
bad:    movl %fs:-64, %ecx
        ret
end f
