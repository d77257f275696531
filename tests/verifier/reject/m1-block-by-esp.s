# M1. No address has esp in it.
.set REACHES_BLOCKS, 1
function f
bad:    movl %fs:(%esp), %ecx
        ret
end f
