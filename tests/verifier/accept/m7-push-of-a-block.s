# Twin of reject/m7-push-of-a-block.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        pushq %rax
        popq %rax
        ret
end f
