# M2. The function takes no stack arguments.
function f
        pushq %rax
bad:    movq 16(%rsp), %rcx
        popq %rax
        ret
end f
