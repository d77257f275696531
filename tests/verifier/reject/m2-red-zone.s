# M2. Below rsp a signal may write at any time, and nothing is reserved.
function f
        pushq %rax
bad:    movq %rcx, -8(%rsp)
        popq %rax
        ret
end f
