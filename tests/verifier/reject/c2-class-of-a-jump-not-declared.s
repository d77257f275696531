# C2. A tail jump by a class that nobody declared.
function f
bad:    movl %eax, %r10d
        andl $MASK, %r10d
        cmpl $77, FT+8(%r10)
        jne 1f
        jmpq *FT(%r10)
1:      ud2
end f
