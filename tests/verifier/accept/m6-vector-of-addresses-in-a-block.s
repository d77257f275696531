# Twin of reject/m6-vector-of-addresses-in-a-block.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        vmovdqu %fs:(%eax), %xmm0
        ret
end f
