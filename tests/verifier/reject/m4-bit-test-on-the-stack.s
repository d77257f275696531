# M4. On the stack too.
function f
        pushq %rax
bad:    btl %ecx, (%rsp)
        popq %rax
        ret
end f
