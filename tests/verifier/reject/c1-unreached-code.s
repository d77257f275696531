# C1. No path gives this code a height.
function f
        jmp 1f
bad:    movl %eax, %ecx
1:      ret
end f
