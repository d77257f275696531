# S4. The class takes 16 bytes.
function f
        pushq %rax
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $3, FT+8(%r10)
        jne 1f
        callq *FT(%r10)
        popq %rax
        ret
1:      ud2
end f
