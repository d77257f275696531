# Twin of reject/m1-block-by-a-displacement.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        movl %fs:-64(,%eiz), %ecx
        ret
end f
