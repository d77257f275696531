# C2. A 64-bit mask leaves the sign extension.
function f
        movl %ecx, %r10d
        andq $MASK, %r10
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
