# C2. The transfer reads half an address and a class.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT+8(%r10)
        ret
1:      ud2
end f
