# S2. pop to rsp loads it.
function f
        pushq %rax
bad:    popq %rsp
        ret
end f
