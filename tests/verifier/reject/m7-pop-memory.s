# M7. pop to a memory operand.
function f
        pushq %rax
bad:    popq %gs:(%eax)
        ret
end f
