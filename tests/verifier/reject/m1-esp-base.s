# M1. esp as a base would turn the host address of the stack into a guest address.
function f
bad:    movl %gs:(%esp), %ecx
        ret
end f
