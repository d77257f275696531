# C2. The bytes of a ud2 inside an immediate are none.
function f
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f + 1
        callq *FT(%r10)
        testl %eax, %eax
1:      movl $0x0b0f, %eax
2:      ud2
end f
