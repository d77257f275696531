# M2. The slot is no longer in the frame.
function f
        pushq %rax
        popq %rax
bad:    movq (%rsp), %rcx
        ret
end f
