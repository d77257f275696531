# S1. A block that only later code reaches, from two heights.
function f
        jmp 2f
bad:    xorl %ecx, %ecx
        ret
2:      testl %eax, %eax
        je bad
        pushq %rax
        jmp bad
end f
