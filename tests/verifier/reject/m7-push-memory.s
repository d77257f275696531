# M7. push of a memory operand.
function f
bad:    pushq %gs:(%eax)
        popq %rax
        ret
end f
