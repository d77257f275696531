# Twin of reject/c2-class-of-a-jump-not-declared.s, without the fault.
function f
bad:    movl %eax, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        jmpq *FT(%r10)
1:      ud2
end f
