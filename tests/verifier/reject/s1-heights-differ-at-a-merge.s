# S1. One path pushes, the other does not.
function f
        testl %eax, %eax
        je bad
        pushq %rax
bad:    ud2
end f
