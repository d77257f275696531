# Twin of reject/d3-block-in-a-program-that-reaches-none.s, without the fault.
function f
        .set REACHES_BLOCKS, 1
        movl %fs:(%eax), %ecx
        ret
end f
