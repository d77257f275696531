# C2. A mask of a smaller table: exact is simpler than safe.
function f
        movl %ecx, %r10d
        andl $0x90, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
