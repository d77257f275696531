# S4. A gate that takes stack arguments.
function f
        pushq %rax
bad:    call GATE16
        popq %rax
        ret
end f
