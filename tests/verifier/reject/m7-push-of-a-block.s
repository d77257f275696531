# M7. Nothing is pushed from memory.
.set REACHES_BLOCKS, 1
function f
bad:    pushq %fs:(%eax)
        popq %rax
        ret
end f
