# S1. pop %rax; push %rdi; ret would return wherever rdi points.
function f
bad:    popq %rax
        pushq %rdi
        ret
end f
