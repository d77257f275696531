# S4. The same for a conditional jump.
function f
        pushq %rax
        testl %eax, %eax
bad:    je g
        popq %rax
        ret
end f
function g
        ret
end g
