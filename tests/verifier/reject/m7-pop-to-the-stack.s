# M7. pop (%rsp) computes its address after the increment.
function f
        pushq %rax
bad:    popq (%rsp)
        ret
end f
