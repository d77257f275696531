# C2. The transfer reads the entry behind the one that was compared.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT+16(%r10)
        ret
1:      ud2
end f
