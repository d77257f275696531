# S1. The entry is at height 0, for jumps back to it, too.
function f
bad:    pushq %rax
        testl %eax, %eax
        je f
1:      popq %rax
        ret
end f
