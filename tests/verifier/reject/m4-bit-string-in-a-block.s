# M4. A bit offset reaches far beyond its operand.
.set REACHES_BLOCKS, 1
function f
bad:    btl %ecx, %fs:(%eax)
        ret
end f
