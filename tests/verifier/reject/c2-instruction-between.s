# C2. Something between the check and the transfer may change r10.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        addq $16, %r10
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
