# Twin of reject/m1-block-by-esp.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        movl %fs:(%ebp), %ecx
        ret
end f
