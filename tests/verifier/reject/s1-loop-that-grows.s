# S1. Each turn pushes once more.
function f
bad:    pushq %rax
        testl %eax, %eax
        jne bad
        ud2
end f
