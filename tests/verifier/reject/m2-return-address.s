# M2. The return address of this function.
function f
        pushq %rax
bad:    movq %rcx, 8(%rsp)
        popq %rax
        ret
end f
