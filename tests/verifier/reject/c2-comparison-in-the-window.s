# C2. The class is read from guest memory.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, %gs:FT+8(%r10d)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
