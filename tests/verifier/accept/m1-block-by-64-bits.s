# Twin of reject/m1-block-by-64-bits.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        movl %fs:(%eax), %ecx
        ret
end f
