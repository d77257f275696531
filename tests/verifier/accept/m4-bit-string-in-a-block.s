# Twin of reject/m4-bit-string-in-a-block.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        btl $1, %fs:(%eax)
        ret
end f
