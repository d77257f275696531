# M1. 64 without 67: a 64-bit address.
.set REACHES_BLOCKS, 1
function f
bad:    movl %fs:(%rax), %ecx
        ret
end f
