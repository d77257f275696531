# Twin of reject/m1-address-of-a-block.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        leal (%rax), %eax
        ret
end f
