# C2. The same operands under another operation.
function f
        movl %ecx, %r10d
        orl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
