# S4. The class takes more than our caller has made room for.
function f 8
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $3, FT+8(%r10)
        jne 1f
        jmpq *FT(%r10)
1:      ud2
end f
