# S1. Class checks of two calls lead to one trap, at two heights.
function f
        movl %eax, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        callq *FT(%r10)
        pushq %rax
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        callq *FT(%r10)
        ud2
bad:
1:      ud2
end f
