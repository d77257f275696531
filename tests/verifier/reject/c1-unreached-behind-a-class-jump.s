# C1. Nothing leads behind an indirect jump.
function f
        movl %eax, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        jmpq *FT(%r10)
bad:    ret
1:      ud2
end f
